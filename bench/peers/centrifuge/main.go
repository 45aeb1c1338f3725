// A small server on the centrifuge library, in memory: what Centrifugo, a dedicated server for
// messages, is built on.
//
// It does: channels with history, recovery, positions. It does not: accounts, checks of input,
// storage, presence; clients publish whole messages, which it passes on unread.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

const (
	historySize = 100
	historyTime = 10 * time.Minute
	// Slow readers are to show as delay, as with the other peers, not as disconnects.
	queueBytes = 64 << 20
)

func main() {
	port := flag.Int("port", 3000, "the port to listen on")
	flag.Parse()

	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:           centrifuge.LogLevelError,
		ClientQueueMaxSize: queueBytes,
	})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: "u"}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) { attend(node, client) })
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), nil))
}

func attend(node *centrifuge.Node, client *centrifuge.Client) {
	client.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
		options := centrifuge.SubscribeOptions{EnableRecovery: true, EnablePositioning: true}
		reply(centrifuge.SubscribeReply{Options: options}, nil)
	})
	client.OnPublish(func(event centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
		result, err := node.Publish(event.Channel, event.Data,
			centrifuge.WithHistory(historySize, historyTime),
			centrifuge.WithClientInfo(event.ClientInfo))
		reply(centrifuge.PublishReply{Result: &result}, err)
	})
}
